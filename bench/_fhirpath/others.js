// Evaluates and times expressions with fhirpath.js: jobs as JSON on standard input, answers out.
const fs = require("fs");
const fhirpath = require("fhirpath");
const r4 = require("fhirpath/fhir-context/r4");

function processorSeconds() {
  const used = process.cpuUsage();
  return (used.user + used.system) / 1e6;
}

function rate(work, least) {
  const started = processorSeconds();
  let runs = 0;
  do {
    for (let n = 0; n < 20; n++) work();
    runs += 20;
  } while (processorSeconds() - started < least);
  return runs / (processorSeconds() - started);
}

console.log = () => {}; // trace() writes there
const jobs = JSON.parse(fs.readFileSync(0, "utf8"));
const answers = jobs.items.map((job) => {
  const resource = job.resource;
  try {
    const compiled = fhirpath.compile(job.expression, r4);
    const given = resource === null ? {} : resource;
    const work = () => compiled(given, { resource: given });
    const values = work();
    if (!jobs.timed) return { values };
    rate(work, 0.3); // the compiler of V8 has seen it by then
    const rates = [0, 1, 2].map(() => rate(work, 0.1)).sort((a, b) => a - b);
    return { values, rate: rates[1] };
  } catch (error) {
    return { error: String(error.message || error) };
  }
});
process.stdout.write(JSON.stringify({ version: fhirpath.version, answers }));

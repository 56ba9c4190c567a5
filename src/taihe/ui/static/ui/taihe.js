// Keys of a desk. Reading and every form work without this file.
// An element with data-key="Q" is pressed by that key, unless someone is writing.
const writing = (el) => el.matches("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || writing(event.target)) return;
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const el = [...document.querySelectorAll("[data-key]")].find((e) => e.dataset.key === key);
  if (el && !el.disabled) {
    event.preventDefault();
    el.focus();
    el.click();
  }
});

// A select in a filter form applies itself; without script the button beside it does.
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-apply]");
  if (form && event.target.matches("select")) form.requestSubmit();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});

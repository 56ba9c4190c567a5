"""
The tables of the record.

The statements come from `record/schema.py`: Django cannot write clustered tables. Django's own
picture of the tables is the state below.
"""

from django.db import migrations, models

from taihe.record import schema


def make_tables(apps, schema_editor):
    for statement in schema.statements(schema_editor.connection.vendor, step=1):
        schema_editor.execute(statement, params=None)


def drop_tables(apps, schema_editor):
    for table in schema.TABLES[:12]:
        schema_editor.execute(f"DROP TABLE {table}", params=None)


STATE = [
    migrations.CreateModel(
        name='Counter',
        fields=[
            ('name', models.TextField(primary_key=True, serialize=False)),
            ('value', models.BigIntegerField()),
        ],
        options={
            'db_table': 'record_counter',
        },
    ),
    migrations.CreateModel(
        name='Token',
        fields=[
            ('hash', models.BinaryField(primary_key=True, serialize=False)),
            ('party', models.BigIntegerField()),
            ('scope', models.TextField()),
            ('client', models.TextField()),
            ('issued_at', models.BigIntegerField()),
            ('expires_at', models.BigIntegerField()),
            ('revoked_at', models.BigIntegerField(null=True)),
        ],
        options={
            'db_table': 'record_token',
        },
    ),
    migrations.CreateModel(
        name='Event',
        fields=[
            ('feed', models.BigIntegerField(primary_key=True, serialize=False)),
            ('at', models.BigIntegerField()),
            ('party', models.BigIntegerField()),
            ('kind', models.TextField()),
            ('person', models.BigIntegerField()),
            ('other', models.BigIntegerField()),
            ('detail', models.TextField()),
        ],
        options={
            'db_table': 'record_event',
            'indexes': [models.Index(fields=['person'], name='record_event_person')],
        },
    ),
    migrations.CreateModel(
        name='IdxSpan',
        fields=[
            ('pk', models.CompositePrimaryKey('param', 'low', 'rid', 'high', 'unit', blank=True, editable=False, primary_key=True, serialize=False)),
            ('param', models.BigIntegerField()),
            ('low', models.FloatField()),
            ('rid', models.BigIntegerField()),
            ('high', models.FloatField()),
            ('unit', models.BigIntegerField()),
        ],
        options={
            'db_table': 'record_idx_span',
            'indexes': [models.Index(fields=['rid'], name='record_idx_span_rid')],
        },
    ),
    migrations.CreateModel(
        name='IdxText',
        fields=[
            ('pk', models.CompositePrimaryKey('param', 'value', 'rid', blank=True, editable=False, primary_key=True, serialize=False)),
            ('param', models.BigIntegerField()),
            ('value', models.TextField()),
            ('rid', models.BigIntegerField()),
        ],
        options={
            'db_table': 'record_idx_text',
            'indexes': [models.Index(fields=['rid'], name='record_idx_text_rid')],
        },
    ),
    migrations.CreateModel(
        name='IdxToken',
        fields=[
            ('pk', models.CompositePrimaryKey('param', 'hash', 'rid', blank=True, editable=False, primary_key=True, serialize=False)),
            ('param', models.BigIntegerField()),
            ('hash', models.BigIntegerField()),
            ('rid', models.BigIntegerField()),
        ],
        options={
            'db_table': 'record_idx_token',
            'indexes': [models.Index(fields=['rid'], name='record_idx_token_rid')],
        },
    ),
    migrations.CreateModel(
        name='Patient',
        fields=[
            ('id', models.TextField(primary_key=True, serialize=False)),
            ('person', models.BigIntegerField()),
        ],
        options={
            'db_table': 'record_patient',
            'indexes': [models.Index(fields=['person'], name='record_patient_person')],
        },
    ),
    migrations.CreateModel(
        name='Person',
        fields=[
            ('number', models.BigIntegerField(primary_key=True, serialize=False)),
            ('current', models.BigIntegerField()),
        ],
        options={
            'db_table': 'record_person',
            'indexes': [models.Index(fields=['current'], name='record_person_current')],
        },
    ),
    migrations.CreateModel(
        name='PersonKey',
        fields=[
            ('hash', models.BigIntegerField(primary_key=True, serialize=False)),
            ('person', models.BigIntegerField()),
        ],
        options={
            'db_table': 'record_person_key',
            'indexes': [models.Index(fields=['person'], name='record_person_key_person')],
        },
    ),
    migrations.CreateModel(
        name='Relation',
        fields=[
            ('id', models.BigAutoField(primary_key=True, serialize=False)),
            ('person', models.BigIntegerField()),
            ('party', models.BigIntegerField()),
            ('kind', models.TextField()),
            ('start', models.BigIntegerField()),
            ('end', models.BigIntegerField(null=True)),
            ('source', models.TextField()),
        ],
        options={
            'db_table': 'record_relation',
            'indexes': [models.Index(fields=['person'], name='record_relation_person')],
            'constraints': [models.CheckConstraint(condition=models.Q(('person__gt', 0), ('kind', 'platform'), _connector='OR'), name='record_relation_every_person_is_platform'), models.UniqueConstraint(fields=('party', 'kind', 'person', 'start', 'source'), name='record_relation_once')],
        },
    ),
    migrations.CreateModel(
        name='Resource',
        fields=[
            ('rid', models.BigIntegerField(primary_key=True, serialize=False)),
            ('type', models.BigIntegerField()),
            ('id', models.TextField()),
            ('version', models.BigIntegerField()),
            ('feed', models.BigIntegerField()),
            ('deleted', models.BigIntegerField()),
            ('person', models.BigIntegerField(null=True)),
            ('refhash', models.BigIntegerField()),
        ],
        options={
            'db_table': 'record_resource',
            'indexes': [models.Index(fields=['type'], name='record_resource_type'), models.Index(fields=['type', 'feed'], name='record_resource_type_feed'), models.Index(fields=['person', 'type'], name='record_resource_person')],
            'constraints': [models.UniqueConstraint(fields=('type', 'id'), name='record_resource_type_id')],
        },
    ),
    migrations.CreateModel(
        name='Version',
        fields=[
            ('feed', models.BigIntegerField(primary_key=True, serialize=False)),
            ('rid', models.BigIntegerField()),
            ('version', models.BigIntegerField()),
            ('at', models.BigIntegerField()),
            ('party', models.BigIntegerField()),
            ('method', models.BigIntegerField()),
            ('sealed', models.BigIntegerField()),
            ('hash', models.BinaryField()),
            ('body', models.BinaryField(null=True)),
        ],
        options={
            'db_table': 'record_version',
            'constraints': [models.UniqueConstraint(fields=('rid', 'version'), name='record_version_rid')],
        },
    ),
]


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunPython(make_tables, drop_tables, hints={"database": "default"})
            ],
            state_operations=STATE,
        )
    ]

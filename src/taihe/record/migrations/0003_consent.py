"""What residents withdraw and give back. The statements come from `record/schema.py`."""

from django.db import migrations, models

from taihe.record import schema


def make_tables(apps, schema_editor):
    for statement in schema.statements(schema_editor.connection.vendor, step=3):
        schema_editor.execute(statement, params=None)


def drop_tables(apps, schema_editor):
    for table in ("record_withdrawn", "record_consent"):
        schema_editor.execute(f"DROP TABLE {table}", params=None)


STATE = [
    migrations.CreateModel(
        name='Withdrawn',
        fields=[
            ('number', models.BigIntegerField(primary_key=True, serialize=False)),
        ],
        options={
            'db_table': 'record_withdrawn',
        },
    ),
    migrations.CreateModel(
        name='Consent',
        fields=[
            ('id', models.BigAutoField(primary_key=True, serialize=False)),
            ('person', models.BigIntegerField()),
            ('purpose', models.TextField()),
            ('party', models.BigIntegerField()),
            ('kind', models.TextField()),
            ('permits', models.BigIntegerField()),
            ('start', models.BigIntegerField()),
            ('end', models.BigIntegerField(null=True)),
            ('source', models.TextField()),
            ('text', models.TextField()),
            ('hash', models.TextField()),
            ('by', models.BigIntegerField()),
        ],
        options={
            'db_table': 'record_consent',
            'indexes': [models.Index(fields=['person', 'permits', 'id'], name='record_consent_person')],
            'constraints': [models.CheckConstraint(condition=models.Q(('person__gt', 0)), name='record_consent_of_somebody')],
        },
    ),
]


class Migration(migrations.Migration):
    dependencies = [('record', '0002_pairs')]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunPython(make_tables, drop_tables, hints={"database": "default"})
            ],
            state_operations=STATE,
        )
    ]

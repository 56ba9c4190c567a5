"""Pairs of persons who may be one, for review. The statements come from `record/schema.py`."""

from django.db import migrations, models

from taihe.record import schema


def make_tables(apps, schema_editor):
    for statement in schema.statements(schema_editor.connection.vendor, step=2):
        schema_editor.execute(statement, params=None)


def drop_tables(apps, schema_editor):
    schema_editor.execute("DROP TABLE record_pair", params=None)


STATE = [
    migrations.CreateModel(
        name='Pair',
        fields=[
            ('id', models.BigAutoField(primary_key=True, serialize=False)),
            ('left_person', models.BigIntegerField()),
            ('right_person', models.BigIntegerField()),
            ('left_patient', models.TextField()),
            ('right_patient', models.TextField()),
            ('probability', models.FloatField()),
            ('levels', models.TextField()),
            ('doubt', models.TextField()),
            ('state', models.TextField()),
            ('proposed_at', models.BigIntegerField()),
            ('feed', models.BigIntegerField(null=True)),
        ],
        options={
            'db_table': 'record_pair',
            'indexes': [models.Index(fields=['state', 'probability'], name='record_pair_state')],
            'constraints': [
                models.CheckConstraint(condition=models.Q(('left_person__lt', models.F('right_person'))), name='record_pair_ordered'),
                models.UniqueConstraint(fields=('left_person', 'right_person'), name='record_pair_once'),
            ],
        },
    ),
]


class Migration(migrations.Migration):
    dependencies = [('record', '0001_record')]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunPython(make_tables, drop_tables, hints={"database": "default"})
            ],
            state_operations=STATE,
        )
    ]

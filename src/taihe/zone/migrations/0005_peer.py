from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('zone', '0004_services'),
    ]

    operations = [
        migrations.CreateModel(
            name='PeerAnswer',
            fields=[
                ('subject', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('body', models.TextField(blank=True, help_text='last good answer, as it came')),
                ('answered_at_us', models.BigIntegerField(null=True)),
                ('asked_at_us', models.BigIntegerField()),
                ('trouble', models.CharField(blank=True, max_length=200)),
            ],
            options={
                'db_table': 'zone_peer_answer',
            },
        ),
    ]

"""Publications."""

from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Publication",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=60)),
                ("edition", models.IntegerField()),
                ("as_of", models.DateField()),
                ("minimum", models.IntegerField(help_text="smallest cell that may be shown")),
                ("cells", models.JSONField()),
                ("published_at", models.DateTimeField()),
                ("by", models.BigIntegerField(help_text="party that released it")),
            ],
            options={
                "db_table": "insight_publication",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("key", "edition"), name="insight_publication_edition"
                    )
                ],
            },
        ),
    ]

"""The environment that Alembic runs migrations in, on the connection that `upgrade` hands over."""

from alembic import context

from affiliate.database.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite can't alter most things in place
)
with context.begin_transaction():
    context.run_migrations()

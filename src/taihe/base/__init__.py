"""
The ground floor of both sites: organisations, accounts, roles and sign-in, the trail of
changes, the log of accesses, the sealed chains, workflow, tasks and definitions.

It owns who acted and what was done. It knows no person's record and no context above it;
those register their chains, tasks and definitions here.
"""

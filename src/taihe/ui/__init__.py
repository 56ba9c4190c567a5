"""
The design system: base pages, tokens, tables, charts, forms, empty and error states.

It owns how a page looks and behaves, not what it says. It knows the kernel and Django's
templates; it has no models, no views of its own, and asks no context for anything.
Classes, tags and blocks are listed in `docs/reference/pages.md`.
"""

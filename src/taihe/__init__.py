"""太和: one resident record, insurance audit and development-zone desk for a Chinese county."""

__version__ = "0.1.0"

"""The command `taihe`: reads arguments, calls a context, prints. It decides nothing."""

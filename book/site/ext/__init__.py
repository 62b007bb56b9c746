"""Sphinx extensions of the site, one concern each; every module here is loaded (see `configure.OURS`)."""

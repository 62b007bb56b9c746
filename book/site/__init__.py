"""What turns the notebooks into the web site: execution, Sphinx per language, and the finish."""

"""The audit API, the `trackmark` command line and the web page."""

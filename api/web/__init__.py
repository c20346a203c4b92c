"""The web page: server-rendered, works without scripts, asks nothing of other servers."""

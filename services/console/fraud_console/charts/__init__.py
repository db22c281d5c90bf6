"""Geometry of the charts, in percent of their width: pure; templates draw it as SVG."""

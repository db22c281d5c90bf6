"""Rulesets, policies and edited lists, as rule authors handle them."""

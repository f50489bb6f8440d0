"""Alerts: what is wrong or worth knowing, told to the owner by mail and by webhook.

`troubles` finds what is wrong, `watch` tells each trouble once and its end once, `digest` sums up
a week; `messages` has the texts, `channels` send them.
"""

"""What happens to streams and consumer groups, under their locks.

Only these modules announce to blocked readers that a stream has changed.
"""

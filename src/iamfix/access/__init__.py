"""Who can do what in an account: the principals of a world, before and after a plan and after each of its calls.

This is where the IAM kinds meet `iamfix.policy`. It reads worlds, and AWS through them only; it sends nothing.
"""

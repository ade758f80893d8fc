"""IAM policy documents understood: canonical form, evaluation, comparison and lint. Pure: no AWS session, no screen.

Import the module you need (`iamfix.policy.document`, `iamfix.policy.evaluate`, ...); this package imports nothing.
"""

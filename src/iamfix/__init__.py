"""iamfix brings AWS accounts to a declared identity posture and keeps them there."""

__version__ = "0.1.0"

"""`python -m iamfix` is `iamfix`."""

from iamfix.cli import main

main()

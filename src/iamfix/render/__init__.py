"""Jinja2 for playbooks: sandboxed, strict, with values that stay what they are.

Variables are rendered when they are used and may name each other. What AWS tells (facts) is never rendered: a name that
looks like a template stays a name.
"""

from iamfix.render.environment import check_syntax, syntax_hint
from iamfix.render.scope import At, Facts, NoTemplateError, Scope
from iamfix.render.templates import FromTemplate, Renderer

__all__ = ["At", "Facts", "FromTemplate", "NoTemplateError", "Renderer", "Scope", "check_syntax", "syntax_hint"]

"""Writes the tables of docs/api.md anew from the routes that there are: `python -m tests.describe_routes`."""

import os


def main():
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    from tests.test_docs import DOCS, ROUTES, call_of

    page = DOCS / "api.md"
    text = page.read_text()
    for heading, routes in ROUTES.items():
        head, divider, rest = text[text.index(f"\n## {heading}\n") :].partition("|---|---|\n")
        rows = "".join(f"| `{call_of(route)}` | {route.scope.name.lower()} |\n" for route in routes)
        old = head + divider + "".join(line for line in rest.partition("\n\n")[0].splitlines(keepends=True))
        text = text.replace(old, (head + divider + rows).rstrip("\n"))
    page.write_text(text)


if __name__ == "__main__":
    main()

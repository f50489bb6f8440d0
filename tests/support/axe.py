"""Axe-core judges the accessibility of a page: https://github.com/dequelabs/axe-core."""

from pathlib import Path

AXE = Path(__file__).parents[1] / "browser" / "node_modules" / "axe-core" / "axe.min.js"
"""The checker; `npm ci --prefix tests/browser` brings it."""
CHECK = """async () => (await axe.run()).violations.map(
    v => `${v.id}: ${v.nodes.map(n => n.html.slice(0, 120)).join(" | ")}`)"""
CHECK_COLORS = CHECK.replace("run()", 'run({ runOnly: ["cat.color"] })')
"""The rules about colors alone, for a page whose markup has passed the others."""

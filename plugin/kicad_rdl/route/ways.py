"""The search for a way from face to face."""

from __future__ import annotations

from kicad_rdl.route.compiled import lean
from kicad_rdl.route.crossing import ahead_of
from kicad_rdl.route.frontier import pop
from kicad_rdl.route.reaching import Terms, change_layer, first_vertex_state, leave, look_round
from kicad_rdl.route.weave import TOO_FAR


@lean
def find(  # type: ignore[no-untyped-def]
    g, b, f, h, starts, start_cost, goals, goal_cost, places, onto, own,
    width, allowed, price, via_price, most, limit, strict, stretch,
):  # fmt: skip
    """The cheapest way from any of some vertices to any of others, or to any of some wires.

    Args:
        g, b, f, h: ground, book, field, frontier.
        starts, start_cost: [n] vertices where it may begin, and what that costs [nm].
        goals, goal_cost: [m] likewise where it may end.
        places: [k, 2] where the ends are [nm].
        onto: [wires] where in ``places`` those of a wire begin on which it may end; -1: it may not; empty: on none.
        own: posts whose gaps it need not pass: its own ends.
        width: [layers] of the wire, with the extra space of its class [nm].
        allowed: [layers] 1 where it may run.
        price: of crossing a wire or overfilling a gap [nm]; 0: not at all.
        via_price: of changing one layer at a post that is free [nm]; negative: not at all.
        most: faces that are looked at.
        limit: cost beyond which nothing is looked for [nm].
        strict: refuse ways that cross a gap twice, or one of their own posts (costs time).
        stretch: the way costs at most so many times the cheapest (weighted A*, Pohl 1970).

    Returns:
        Cost (TOO_FAR: none), last state, vertex and interval of the end; on a wire: -1 and the node before the end.
        They mean nothing where the frontier has lost entries.
    """
    f.meta[0] += 1
    now = f.meta[0]
    for i in range(len(goals)):
        v = goals[i]
        if f.goal_stamp[v] != now or goal_cost[i] < f.goal_cost[v]:
            f.goal_stamp[v], f.goal_cost[v] = now, goal_cost[i]
    for p in own:
        for i in range(g.post_start[p], g.post_start[p + 1]):
            f.own_stamp[g.post_vertex[i]] = now
    terms = Terms(places, onto, width, allowed, price, via_price, limit, strict, stretch)
    h.size[0] = 0
    for i in range(len(starts)):
        if allowed[g.layer[starts[i]]]:
            leave(g, b, f, h, terms, starts[i], start_cost[i], -1)
    end = (TOO_FAR, -1, -1, -1)
    looked = 0
    while 0 < h.size[0] <= len(h.cost):
        estimate, state = pop(h)
        if estimate >= end[0]:
            break
        aim = ahead_of(g, places, f.x[state], f.y[state])
        if estimate > f.best[state] + stretch * aim[0] + 1e-6:
            continue  # a cheaper way to this state was found meanwhile
        if f.best[state] + aim[0] >= limit:
            continue
        looked += 1
        if looked > most:
            break
        if state >= first_vertex_state(b):
            change_layer(g, b, f, h, terms, state)
        else:
            end = look_round(g, b, f, h, terms, state, aim, end)
    f.meta[1] = looked
    return end

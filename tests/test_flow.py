"""Flows are judged by their certificates on many networks, and by two solvers that share no code with ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import networkx  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import coo_array
from scipy.spatial import Delaunay

from kicad_rdl.errors import ModelError
from kicad_rdl.route.flow import FlowResult, maximum_flow, min_cost_max_flow, reduced_cost

Integers = npt.NDArray[np.int64]
Network = tuple[Integers, Integers, Integers, Integers]


@st.composite
def networks(draw: st.DrawFn, largest_cost: int = 30) -> tuple[int, Network]:
    """Up to nine nodes, with parallel and opposite arcs, loops, arcs without room and arcs without cost."""
    nodes = draw(st.integers(2, 9))
    node = st.integers(0, nodes - 1)
    arc = st.tuples(node, node, st.integers(0, 5), st.integers(0, largest_cost))
    arcs = draw(st.lists(arc, max_size=35))
    columns = np.array(arcs, np.int64).reshape(-1, 4).T
    return nodes, (columns[0], columns[1], columns[2], columns[3])


def balance(nodes: int, network: Network, flow: Integers) -> Integers:
    """What leaves each node less what enters it."""
    tails, heads, _, _ = network
    left = np.zeros(nodes, np.int64)
    np.add.at(left, tails, flow)
    np.subtract.at(left, heads, flow)
    return left


def assert_cheapest(nodes: int, network: Network, result: FlowResult, supply: Integers) -> None:
    """Conservation, capacity and complementary slackness: together they prove that no flow is cheaper."""
    tails, heads, capacity, cost = network
    assert np.array_equal(balance(nodes, network, result.flow), supply)
    assert np.all(result.flow >= 0)
    assert np.all(result.flow <= capacity)
    assert result.cost == int((result.flow * cost).sum())
    reduced = reduced_cost(tails, heads, cost, result.potential)
    between = tails != heads
    assert np.all(reduced[between & (result.flow < capacity)] >= 0)
    assert np.all(reduced[between & (result.flow > 0)] <= 0)
    assert np.all(result.flow[~between] == 0)


def networkx_graph(nodes: int, network: Network, supply: Integers) -> Any:
    graph = networkx.MultiDiGraph()
    for node in range(nodes):
        graph.add_node(node, demand=-int(supply[node]))
    for tail, head, room, price in zip(*network, strict=True):
        graph.add_edge(int(tail), int(head), capacity=int(room), weight=int(price))
    return graph


@settings(max_examples=150, deadline=None)
@given(networks())
def test_maximum_flow_is_proved_by_both_of_its_cuts(given_network: tuple[int, Network]) -> None:
    nodes, network = given_network
    tails, heads, capacity, _ = network
    near = maximum_flow(tails, heads, capacity, 0, nodes - 1, node_count=nodes)
    far = maximum_flow(tails, heads, capacity, 0, nodes - 1, node_count=nodes, cut="sink")
    for result in (near, far):
        left = balance(nodes, network, result.flow)
        assert left[0] == result.value == -left[nodes - 1]
        assert not left[1 : nodes - 1].any()
        assert np.all((result.flow >= 0) & (result.flow <= capacity))
        assert result.source_side[0]
        assert not result.source_side[nodes - 1]
        across = result.source_side[tails] & ~result.source_side[heads]
        assert int(capacity[across].sum()) == result.value
    assert np.all(far.source_side[near.source_side]), "the cut nearest the source lies inside every other"


@settings(max_examples=150, deadline=None)
@given(networks())
def test_cheapest_largest_flow_has_its_certificate_and_the_cost_networkx_finds(
    given_network: tuple[int, Network],
) -> None:
    nodes, network = given_network
    result = min_cost_max_flow(*network, 0, nodes - 1, node_count=nodes)
    assert result.value == maximum_flow(*network[:3], 0, nodes - 1, node_count=nodes).value
    supply = np.zeros(nodes, np.int64)
    supply[0], supply[nodes - 1] = result.value, -result.value
    assert_cheapest(nodes, network, result, supply)
    cost, _ = networkx.network_simplex(networkx_graph(nodes, network, supply))
    assert result.cost == cost


def planar_network(points: int, seed: int) -> tuple[int, Network, Integers]:
    """Triangulated points: the inner quarter sends a unit each, the outer half takes one each, edges carry 1 to 10."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, 1e6, (points, 2))
    at = at[np.argsort(np.hypot(*(at - 5e5).T), kind="stable")]
    sides = np.sort(np.concatenate([Delaunay(at).simplices[:, [0, 1]], Delaunay(at).simplices[:, [1, 2]]]), axis=1)
    sides = np.unique(sides, axis=0)
    length = np.hypot(*(at[sides[:, 0]] - at[sides[:, 1]]).T).astype(np.int64)
    room = rng.integers(1, 11, len(sides))
    inner, outer = np.arange(points // 4), np.arange(points // 2, points)
    source, sink = points, points + 1
    tails = np.concatenate([sides[:, 0], sides[:, 1], np.full(len(inner), source), outer])
    heads = np.concatenate([sides[:, 1], sides[:, 0], inner, np.full(len(outer), sink)])
    one = np.ones(len(inner) + len(outer), np.int64)
    capacity = np.concatenate([room, room, one])
    cost = np.concatenate([length, length, 0 * one])
    value = maximum_flow(tails, heads, capacity, source, sink).value
    supply = np.zeros(points + 2, np.int64)
    supply[source], supply[sink] = value, -value
    return points + 2, (tails, heads, capacity, cost), supply


@pytest.mark.parametrize("seed", range(3))
def test_planar_networks_cost_what_highs_says(seed: int) -> None:
    nodes, network, supply = planar_network(400, seed)
    tails, heads, capacity, cost = network
    result = min_cost_max_flow(*network, nodes - 2, nodes - 1)
    assert result.value == supply[nodes - 2] > 50
    assert_cheapest(nodes, network, result, supply)
    arcs = np.arange(len(tails))
    incidence = coo_array(
        (np.repeat([1.0, -1.0], len(arcs)), (np.concatenate([tails, heads]), np.tile(arcs, 2))),
        shape=(nodes, len(arcs)),
    )
    answer = linprog(
        cost.astype(float),
        A_eq=incidence.toarray(),
        b_eq=supply.astype(float),
        bounds=[(0.0, float(room)) for room in capacity],
        method="highs",
    )
    assert answer.status == 0
    assert answer.fun is not None
    assert result.cost == round(answer.fun)


def test_larger_planar_network_is_proved_and_repeats() -> None:
    nodes, network, supply = planar_network(4_000, 7)
    once = min_cost_max_flow(*network, nodes - 2, nodes - 1)
    assert_cheapest(nodes, network, once, supply)
    again = min_cost_max_flow(*network, nodes - 2, nodes - 1)
    assert np.array_equal(once.flow, again.flow)
    assert np.array_equal(once.potential, again.potential)


def test_nothing_flows_where_nothing_can() -> None:
    empty = np.zeros(0, np.int64)
    result = min_cost_max_flow(empty, empty, empty, empty, 0, 1)
    assert (result.value, result.cost, len(result.potential)) == (0, 0, 2)
    assert list(maximum_flow(empty, empty, empty, 0, 1, node_count=3).source_side) == [True, False, False]
    assert list(maximum_flow(empty, empty, empty, 0, 1, node_count=3, cut="sink").source_side) == [True, False, True]


def test_room_without_end_is_room_enough() -> None:
    endless = 4 * 10**18
    tails, heads = np.array([0, 1, 1, 2]), np.array([1, 2, 2, 3])
    capacity, cost = np.array([5, endless, endless, endless]), np.array([0, 7, 3, 0])
    result = min_cost_max_flow(tails, heads, capacity, cost, 0, 3)
    assert (result.value, result.cost, list(result.flow)) == (5, 15, [5, 0, 5, 5])
    assert maximum_flow(tails, heads, capacity, 0, 3).value == 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"capacity": [-1]}, "capacities must not be negative"),
        ({"cost": [-1]}, "costs of a flow must not be negative"),
        ({"cost": [1, 2]}, "one entry per arc"),
        ({"sink": 0}, "different nodes"),
        ({"node_count": 1}, "network of 1 nodes"),
        ({"capacity": [2**40]}, "the limit of the solver"),
        ({"cost": [4 * 10**18]}, "use a coarser unit"),
    ],
)
def test_nonsense_is_refused(change: dict[str, Any], message: str) -> None:
    usual: dict[str, Any] = {"tails": [0], "heads": [1], "capacity": [1], "cost": [1], "source": 0, "sink": 1}
    with pytest.raises(ModelError, match=message):
        min_cost_max_flow(**(usual | change))


def test_solver_works_where_machine_code_cannot_be_kept(tmp_path: Path) -> None:
    """A plugin installed for all users, run by one without a home: numba finds no folder for its cache."""
    script = (
        "import numba.core.caching as caching\n"
        "caching.CacheImpl._locator_classes = []\n"
        "import sys, types, kicad_rdl\n"
        "room = types.ModuleType('kicad_rdl.route')\n"  # the solver alone: not what its room imports
        "room.__path__ = [kicad_rdl.__path__[0] + '/route']\n"
        "sys.modules['kicad_rdl.route'] = room\n"
        "import numpy as np\n"
        "from kicad_rdl.route.scaling import cheapest_flow\n"
        "one = np.array([1])\n"
        "print(cheapest_flow(np.array([0]), one, one, np.array([9]), np.array([1, -1]))[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.stdout == "[1]\n", done.stderr

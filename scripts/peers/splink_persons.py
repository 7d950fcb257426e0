"""Splink (DuckDB) on flat persons: the best F1 over thresholds, which is more than a user without the truth can have."""

import json
import sys
import time

import pandas
import splink.comparison_library as compare
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

rows = pandas.read_csv(sys.argv[1], dtype=str).rename(columns={"id": "unique_id"})
rows["given"], rows["surname"] = rows.name.str.split().str[0], rows.name.str.split().str[-1]
rows["end"] = rows.address.str.split().str[-2:].str.join(" ")
started = time.monotonic()
comparisons = [
    compare.JaroWinklerAtThresholds("given", [0.9, 0.8]),
    compare.JaroWinklerAtThresholds("surname", [0.9, 0.8]),
    compare.LevenshteinAtThresholds("birth_date", [1, 2]),
    compare.JaroWinklerAtThresholds("address", [0.95, 0.88, 0.8]),
]
blocks = [
    block_on("name"),
    block_on("birth_date"),
    block_on("address"),
    block_on("given", "surname"),
    block_on("surname", "substr(birth_date,1,4)"),
    block_on("given", "substr(birth_date,1,4)"),
    block_on("end"),
]
if rows.id_number.notna().any():
    comparisons.append(compare.LevenshteinAtThresholds("id_number", [1, 2]))
    blocks.append(block_on("id_number"))
settings = SettingsCreator(link_type="dedupe_only", blocking_rules_to_generate_predictions=blocks, comparisons=comparisons)
linker = Linker(DuckDBAPI().register(rows), settings, log_level=None)
exact = [block_on("name", "birth_date"), block_on("given", "surname", "birth_date")]
linker.training.estimate_probability_two_random_records_match(exact, recall=0.6)
linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
linker.training.estimate_parameters_using_expectation_maximisation(block_on("birth_date"))
linker.training.estimate_parameters_using_expectation_maximisation(block_on("given", "surname"))
predicted = linker.inference.predict(threshold_match_probability=0.5)


def pairs(clusters, key):
    sizes = clusters.groupby(key).size()
    return float((sizes * (sizes - 1) // 2).sum())


best = {"F1": 0.0}
for threshold in (0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999):
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold_match_probability=threshold)
    clusters = found.as_pandas_dataframe()[["cluster_id", "truth"]]
    both, all_found, all_true = pairs(clusters, ["cluster_id", "truth"]), pairs(clusters, "cluster_id"), pairs(clusters, "truth")
    f1 = 2 * both / (all_found + all_true)
    if f1 > best["F1"]:
        best = {"F1": round(f1, 4), "precision": round(both / all_found, 4), "recall": round(both / all_true, 4), "threshold": threshold}
print(json.dumps({**best, "seconds": round(time.monotonic() - started, 1)}))

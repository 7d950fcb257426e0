"""Splink (DuckDB) on the generated corpus: pairwise precision and recall of its clusters against truth_case."""

import json
import sys
import time

import duckdb
import splink.comparison_library as compare
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

started = time.monotonic()
connection = duckdb.connect()
connection.execute("SET threads=2")
wanted = "id AS unique_id, nullif(name,'') name, nullif(id_number,'') id_number, nullif(phone,'') phone"
wanted += ", division AS region, nullif(category,'') category, subject, content, truth_case"
rows = connection.execute(f"SELECT {wanted} FROM read_csv(?, all_varchar=true)", [sys.argv[1]]).df()
settings = SettingsCreator(
    link_type="dedupe_only",
    blocking_rules_to_generate_predictions=[
        block_on("id_number"),
        block_on("phone"),
        block_on("name", "region"),
        block_on("subject", "region"),
    ],
    comparisons=[
        compare.JaroWinklerAtThresholds("name", [0.9]),
        compare.LevenshteinAtThresholds("id_number", [1]),
        compare.LevenshteinAtThresholds("phone", [1]),
        compare.ExactMatch("region"),
        compare.ExactMatch("category"),
        compare.JaroWinklerAtThresholds("subject", [0.9]),
        compare.JaccardAtThresholds("content", [0.9, 0.7, 0.5]),
    ],
)
linker = Linker(DuckDBAPI(connection).register(rows), settings, log_level=None)
linker.training.estimate_probability_two_random_records_match([block_on("id_number", "subject")], recall=0.5)
linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
linker.training.estimate_parameters_using_expectation_maximisation(block_on("id_number"))
linker.training.estimate_parameters_using_expectation_maximisation(block_on("subject", "region"))
predicted = linker.inference.predict(threshold_match_probability=0.5)
found = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold_match_probability=0.95)
clusters = found.as_pandas_dataframe()[["cluster_id", "truth_case"]]


def pairs(key):
    sizes = clusters.groupby(key).size()
    return float((sizes * (sizes - 1) // 2).sum())


both, all_found, all_true = pairs(["cluster_id", "truth_case"]), pairs("cluster_id"), pairs("truth_case")
figures = {"precision": both / all_found, "recall": both / all_true, "F1": 2 * both / (all_found + all_true)}
print(json.dumps({name: round(value, 4) for name, value in figures.items()} | {"seconds": round(time.monotonic() - started, 1)}))

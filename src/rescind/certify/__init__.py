"""Verdicts on clients: scenarios made from the contract, requirements, evidence, reports."""

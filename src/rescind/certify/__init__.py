"""Whether a client copes: scenarios made from the contract, requirements, verdicts with evidence, reports."""

"""What a judge will probably say of a pair, learned from what it said before; only ever used inside an estimator."""

"""AlpacaEval's own dialect of configs: what its judges and its models have in common.

The dialect is translated into our words when it is read (`annotators.alpaca_eval` and `generators.alpaca_eval`
do the rest), so that nothing else knows of it. Described here is the behaviour of alpaca_eval 0.6.6.
"""

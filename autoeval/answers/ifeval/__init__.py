"""IFEval: instructions that code can verify (Zhou et al., "Instruction-Following Evaluation for LLMs", 2023).

No library of it installs from wheels (all of them need langdetect, which has none), so its 25 kinds are here.
"""

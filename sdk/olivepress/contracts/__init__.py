"""What the Solidity side looks like from Python: shipped ABIs and bytecode, calldata, errors."""

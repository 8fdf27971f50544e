// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

import {MockUSDC} from "../../../contracts/mocks/MockUSDC.sol";

/// @dev Keeps one unit of every transfer for itself.
contract FeeToken is MockUSDC {
    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        _spendAllowance(from, msg.sender, amount);
        _transfer(from, address(this), 1);
        _transfer(from, to, amount - 1);
        return true;
    }
}

/// @dev Calls back into its receiver, or sender, in the middle of a transfer, and passes the answer on.
contract ReentrantToken is MockUSDC {
    bytes public inner;

    function arm(bytes calldata inner_) external {
        inner = inner_;
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        _reenter(to);
        return super.transferFrom(from, to, amount);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        _reenter(msg.sender);
        return super.transfer(to, amount);
    }

    function _reenter(address exchange) private {
        if (inner.length == 0) return;
        (bool ok, bytes memory answer) = exchange.call(inner);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(answer, 32), mload(answer))
        }
    }
}

contract NineDecimals is ERC20("Nine", "NINE") {
    function decimals() public pure override returns (uint8) {
        return 9;
    }
}

// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {CommonBase} from "forge-std/Base.sol";

import {IExchange} from "../../contracts/interfaces/IExchange.sol";
import {IIndexOracle} from "../../contracts/interfaces/IIndexOracle.sol";
import {ILens} from "../../contracts/interfaces/ILens.sol";

/// @dev Deploys what the package ships, as scripts/build compiled it. Tests name no contract that ships but by its
/// interface: so they are compiled in seconds, without the contracts and without the optimizer.
abstract contract Shipped is CommonBase {
    function shipExchange(IERC20 collateral, IIndexOracle index, address owner_, address next)
        internal
        returns (IExchange)
    {
        return IExchange(ship("Exchange", abi.encode(collateral, index, owner_, next)));
    }

    /// @param name BackOffice, ClearingDesk, RiskDesk or SpreadDesk
    /// @param next the desk behind it; zero for the last
    function shipDesk(string memory name, IERC20 collateral, IIndexOracle index, address next)
        internal
        returns (address)
    {
        return ship(name, abi.encode(collateral, index, next));
    }

    function shipTokenDesk(IERC20 collateral, IIndexOracle index, address next, address factory)
        internal
        returns (address)
    {
        return ship("TokenDesk", abi.encode(collateral, index, next, factory));
    }

    function shipTokenFactory() internal returns (address) {
        return vm.deployCode("out/build/artifacts/PositionToken/PositionToken.sol/TokenFactory.json");
    }

    function shipLens(IExchange exchange_) internal returns (ILens) {
        return ILens(ship("Lens", abi.encode(exchange_)));
    }

    function shipOracle(address owner_, uint32 maxLag) internal returns (IIndexOracle) {
        return IIndexOracle(ship("IndexOracle", abi.encode(owner_, maxLag)));
    }

    /// @dev The contract `name` of the file `name`.sol.
    function ship(string memory name, bytes memory arguments) internal returns (address) {
        return vm.deployCode(artifact(name), arguments);
    }

    function artifact(string memory name) internal pure returns (string memory) {
        return string.concat("out/build/artifacts/", name, "/", name, ".sol/", name, ".json");
    }
}

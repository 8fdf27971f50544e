// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccountMargin} from "../../../contracts/interfaces/Types.sol";

/// @dev What the last desk of an exchange under test reads, in one call, on the exchange's own storage; it leaves all as it was. The checks name
/// the first rule that does not hold, by its number in docs/spec/invariants.md; "" when all do. Apart from Probe, which
/// is slow to compile.
interface IProbe {
    /// @dev Money: rules 1, 2 and 6; deficits and their brake.
    function probeMoney() external view returns (string memory);

    /// @dev Books: rule 3.
    /// @param buys every tick at which a buy ever rested; more do no harm
    /// @param sells the same of sells
    function probeBook(uint16 series, uint256[] calldata buys, uint256[] calldata sells)
        external
        view
        returns (string memory);

    /// @dev Accounts: rule 7.
    /// @return cash of each account, from number 1 on
    /// @return clean flat in every series, and owing nothing
    function probeAccounts() external view returns (uint256[] memory cash, bool[] memory clean);

    /// @dev What the lens answers, in one call.
    function probeMargin(uint32 account) external view returns (AccountMargin memory);

    function probeWithdrawable(uint32 account) external view returns (uint256);

    /// @return all equity of each account, number 1 at place 0
    function probeEquities() external view returns (int256[] memory all);

    /// @dev Whether an account still has a quote in a series: to draw, or to pay.
    function probeQuote(uint32 account, uint16 series) external view returns (int256);

    /// @return words of the account, and for each series of its position and of the basis, with its time
    function probeWords(uint32 account) external view returns (uint256[] memory words);

    /// @dev Margin as if the bases were those of `words`, and if asked for the account and its positions, too.
    function probeMarginWith(uint32 account, uint256[] calldata words, bool positions)
        external
        returns (AccountMargin memory m);
}

namespace ForegSyte.Jobs.Tracking;

/// <summary>
/// Assigns rows to columns with the lowest sum of costs: the Hungarian method with shortest augmenting paths (Jonker
/// and Volgenant 1987). O(rows² · (rows + columns)).
/// </summary>
internal static class LinearAssignment
{
    /// <summary>Assigns each row at most one column, and each column to at most one row.</summary>
    /// <param name="costs">Costs of rows x columns, at least 0; infinity forbids a pair.</param>
    /// <param name="limit">Cost of a row without a column, at least 0; pairs that cost more are never assigned.</param>
    /// <returns>The column of each row, or -1.</returns>
    public static int[] Solve(double[,] costs, double limit)
    {
        var (rows, columns) = (costs.GetLength(0), costs.GetLength(1));
        if (rows == 0 || columns == 0)
        {
            return [.. Enumerable.Repeat(-1, rows)];
        }

        // A column of its own for each row, at the limit, lets the row stay without a partner.
        var width = columns + rows;
        var rowOf = new int[width + 1];
        var rowPotential = new double[rows + 1];
        var columnPotential = new double[width + 1];
        var previous = new int[width + 1];
        var shortest = new double[width + 1];
        var isUsed = new bool[width + 1];
        for (var row = 1; row <= rows; row++)
        {
            rowOf[0] = row;
            var column = 0;
            Array.Fill(shortest, double.PositiveInfinity);
            Array.Clear(isUsed);
            do
            {
                isUsed[column] = true;
                var (from, next, step) = (rowOf[column], 0, double.PositiveInfinity);
                for (var other = 1; other <= width; other++)
                {
                    if (isUsed[other])
                    {
                        continue;
                    }

                    var cost = CostOf(from, other) - rowPotential[from] - columnPotential[other];
                    if (cost < shortest[other])
                    {
                        (shortest[other], previous[other]) = (cost, column);
                    }

                    if (shortest[other] < step)
                    {
                        (step, next) = (shortest[other], other);
                    }
                }

                for (var other = 0; other <= width; other++)
                {
                    if (isUsed[other])
                    {
                        rowPotential[rowOf[other]] += step;
                        columnPotential[other] -= step;
                    }
                    else
                    {
                        shortest[other] -= step;
                    }
                }

                column = next;
            }
            while (rowOf[column] != 0);

            while (column != 0)
            {
                (rowOf[column], column) = (rowOf[previous[column]], previous[column]);
            }
        }

        var columnOf = new int[rows];
        Array.Fill(columnOf, -1);
        for (var column = 1; column <= columns; column++)
        {
            if (rowOf[column] != 0)
            {
                columnOf[rowOf[column] - 1] = column - 1;
            }
        }

        return columnOf;

        double CostOf(int row, int column)
        {
            if (column > columns)
            {
                return column - columns == row ? limit : double.PositiveInfinity;
            }

            var cost = costs[row - 1, column - 1];
            return cost > limit ? double.PositiveInfinity : cost;
        }
    }
}

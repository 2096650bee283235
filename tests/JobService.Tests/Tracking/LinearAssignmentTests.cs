using CsCheck;
using ForegSyte.Jobs.Tracking;

namespace ForegSyte.Jobs.Tests.Tracking;

/// <summary>The assignment is as cheap as the best of all assignments.</summary>
public sealed class LinearAssignmentTests
{
    private const double Limit = 0.7;

    private static readonly Gen<double[,]> Costs =
        from rows in Gen.Int[0, 5]
        from columns in Gen.Int[0, 5]
        from values in Gen.Frequency((4, Gen.Double[0, 1]), (1, Gen.Const(double.PositiveInfinity)))
            .Array[rows * columns]
        select Table(rows, columns, values);

    [Fact]
    public void Solve_AnyCosts_IsAsCheapAsTheBestOfAll() => Costs.Sample(costs =>
    {
        var columnOf = LinearAssignment.Solve(costs, Limit);

        var assigned = columnOf.Where(column => column >= 0).ToList();
        Assert.Equal(costs.GetLength(0), columnOf.Length);
        Assert.Equal(assigned.Distinct(), assigned);
        Assert.All(columnOf.Index().Where(pair => pair.Item >= 0), pair => Assert.InRange(
            costs[pair.Index, pair.Item], 0, Limit));
        var total = columnOf.Index().Sum(pair => pair.Item < 0 ? Limit : costs[pair.Index, pair.Item]);
        Assert.Equal(Cheapest(costs, 0, 0), total, 1e-9);
    });

    [Fact]
    public void Solve_NearestFirstIsNotBest_TakesTheBestSum() =>
        Assert.Equal([1, 0], LinearAssignment.Solve(new[,] { { 0.1, 0.2 }, { 0.2, 0.6 } }, Limit));

    private static double Cheapest(double[,] costs, int row, int usedColumns)
    {
        if (row == costs.GetLength(0))
        {
            return 0;
        }

        var best = Limit + Cheapest(costs, row + 1, usedColumns);
        for (var column = 0; column < costs.GetLength(1); column++)
        {
            if ((usedColumns & (1 << column)) == 0 && costs[row, column] <= Limit)
            {
                best = Math.Min(
                    best, costs[row, column] + Cheapest(costs, row + 1, usedColumns | (1 << column)));
            }
        }

        return best;
    }

    private static double[,] Table(int rows, int columns, double[] values)
    {
        var table = new double[rows, columns];
        for (var i = 0; i < values.Length; i++)
        {
            table[i / columns, i % columns] = values[i];
        }

        return table;
    }
}

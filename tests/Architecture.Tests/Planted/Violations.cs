using ForegSyte.Architecture.Tests.Planted.Up;

namespace ForegSyte.Architecture.Tests.Planted.Down;

/// <summary>Types of a layer below, each of which uses the layer above in a way of its own.</summary>
internal static class Violations
{
    internal sealed class ByProperty
    {
        public Upper? Above { get; init; }
    }

    internal sealed class ByBase : Upper;

    internal sealed class ByParameter
    {
        public static bool Has(Upper? upper) => upper is null;
    }

    internal sealed class ByGenericArgument
    {
        public Dictionary<string, List<Upper>> Lists { get; } = [];
    }

    internal sealed class ByMethodBody
    {
        public static int Three() => Upper.Count(2);
    }

    internal sealed class ByLambda
    {
        public static Func<int, int> Counter { get; } = start => Upper.Count(start) + 1;
    }

    internal sealed class ByCapturingLambda
    {
        public static Func<int> Counter(int start) => () => Upper.Count(start);
    }

    internal sealed class ByAsyncMethod
    {
        public static async Task<int> ThreeAsync()
        {
            await Task.Yield();
            return Upper.Count(2);
        }
    }

    internal sealed class ByIterator
    {
        public static IEnumerable<int> Three()
        {
            yield return Upper.Count(2);
        }
    }

    internal sealed class ByTypeOf
    {
        public static string Name() => typeof(Upper).Name;
    }
}

using ForegSyte.Architecture.Tests.SampleLayers.Up;

// Two layers with forbidden uses, on which LayerCheckTests tests LayerCheck.
namespace ForegSyte.Architecture.Tests.SampleLayers.Up
{
    /// <summary>A type of the upper layer. It may use the lower layer.</summary>
    internal class Upper
    {
        public Down.Lower? Below { get; init; }

        public static int Count(int start) => start + 1;
    }
}

namespace ForegSyte.Architecture.Tests.SampleLayers.Elsewhere
{
    /// <summary>A type without a layer.</summary>
    internal sealed class Unlisted;
}

namespace ForegSyte.Architecture.Tests.SampleLayers.Down
{
    /// <summary>A type of the lower layer that uses only its own layer and the framework.</summary>
    internal sealed class Lower
    {
        public List<Lower> Neighbours { get; } = [];
    }

    /// <summary>Types of the lower layer, each of which uses the upper layer in a different way.</summary>
    internal static class ForbiddenUses
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
}

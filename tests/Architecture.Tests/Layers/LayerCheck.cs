using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Assembly = System.Reflection.Assembly;

namespace ForegSyte.Architecture.Tests.Layers;

/// <summary>
/// Checks the compiled types of an assembly against a table of layers. It includes method bodies, lambdas and state
/// machines, but not constants, which the compiler inlines.
/// </summary>
/// <param name="layers">The layers of the assembly.</param>
/// <param name="outside">External layers; all layers may use <see cref="Layering.Framework"/>.</param>
internal sealed class LayerCheck(IReadOnlyList<Layer> layers, IReadOnlyList<Layer> outside)
{
    private readonly List<(string Namespace, string Layer)> _namespaces =
    [
        .. layers.Concat(outside)
            .SelectMany(layer => layer.Namespaces.Select(name => (name, layer.Name)))
            .OrderByDescending(pair => pair.name.Length),
    ];

    private readonly HashSet<(string From, string To)> _allowed =
        [.. layers.SelectMany(layer => layer.Uses.Select(use => (layer.Name, use)))];

    /// <summary>Checks the types of the assembly below a root namespace.</summary>
    public LayerReport Run(Assembly assembly, string root = "")
    {
        var violations = new SortedSet<string>(StringComparer.Ordinal);
        var used = new HashSet<(string From, string To)>();
        var counts = layers.ToDictionary(layer => layer.Name, _ => 0);
        foreach (var type in TypesOf(assembly).Where(type => IsWithin(type.Namespace.FullName, root)))
        {
            if (LayerOf(type) is not { } from || !counts.ContainsKey(from))
            {
                violations.Add($"{type.FullName} belongs to no layer.");
                continue;
            }

            counts[from]++;
            foreach (var target in TargetsOf(type))
            {
                var to = LayerOf(target);
                if (to is null)
                {
                    violations.Add($"{type.FullName} ({from}) uses {target.FullName}, which belongs to no layer.");
                }
                else if (to != from && to != Layering.Framework && !_allowed.Contains((from, to)))
                {
                    violations.Add($"{type.FullName} ({from}) uses {target.FullName} ({to}).");
                }
                else
                {
                    used.Add((from, to));
                }
            }
        }

        var unused = _allowed.Except(used).Select(pair => $"{pair.From} -> {pair.To}").Order(StringComparer.Ordinal);
        return new LayerReport([.. violations], [.. unused], counts);
    }

    // Program and compiler-generated types have no namespace.
    private static IEnumerable<IType> TypesOf(Assembly assembly) =>
        new ArchLoader().LoadAssembly(assembly).Build().Types
            .Where(type => type.Namespace is { FullName.Length: > 0 });

    private static IEnumerable<IType> TargetsOf(IType type) => type.Dependencies
        .SelectMany(dependency => Flatten(dependency.Target, dependency.TargetGenericArguments))
        .Where(target => target is not GenericParameter && target.Namespace is { FullName.Length: > 0 })
        .Distinct();

    private static IEnumerable<IType> Flatten(IType type, IEnumerable<GenericArgument> arguments) =>
        arguments.SelectMany(argument => Flatten(argument.Type, argument.GenericArguments)).Prepend(type);

    private static bool IsWithin(string name, string root) =>
        root.Length == 0 || name == root || name.StartsWith(root + ".", StringComparison.Ordinal);

    private string? LayerOf(IType type) =>
        _namespaces.Find(pair => IsWithin(type.Namespace.FullName, pair.Namespace)).Layer;
}

/// <summary>A part of a program or an external library.</summary>
/// <param name="Name">Its name in <see cref="Uses"/> and in messages.</param>
/// <param name="Namespaces">Its namespaces, with those below them unless another layer lists them.</param>
internal sealed record Layer(string Name, params string[] Namespaces)
{
    /// <summary>Names of the other layers that this layer may use.</summary>
    public IReadOnlyList<string> Uses { get; init; } = [];
}

/// <summary>Result of <see cref="LayerCheck"/>.</summary>
/// <param name="Violations">Forbidden uses and types without a layer, one sentence each.</param>
/// <param name="Unused">Allowed uses that do not occur, for example "Storage -> Queue".</param>
/// <param name="TypeCounts">Number of types per layer.</param>
internal sealed record LayerReport(
    IReadOnlyList<string> Violations, IReadOnlyList<string> Unused, IReadOnlyDictionary<string, int> TypeCounts);

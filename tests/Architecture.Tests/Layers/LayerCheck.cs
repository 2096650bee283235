using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using Assembly = System.Reflection.Assembly;

namespace ForegSyte.Architecture.Tests.Layers;

/// <summary>
/// Holds the compiled types of an assembly against a table of layers. It reads the code of methods too, with their
/// lambdas and state machines; only what the compiler leaves no trace of, such as constants, it cannot see.
/// </summary>
/// <param name="layers">The layers of the assembly.</param>
/// <param name="outside">What lies outside it; <see cref="Layering.Framework"/> is free for all.</param>
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

    /// <summary>Checks the types of the assembly whose namespace begins with the root.</summary>
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
                    violations.Add($"{type.FullName} ({from}) uses {target.FullName}, which no layer has.");
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

    // Program and what the compiler makes for itself have no namespace.
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

namespace ForegSyte.Inference.Models;

/// <summary>Name and shape of an input or output of a model, as the file declares it.</summary>
/// <param name="Name">Name in the graph.</param>
/// <param name="Sizes">Size of each dimension; -1 where it may be any.</param>
internal sealed record TensorShape(string Name, IReadOnlyList<int> Sizes)
{
    /// <summary>Whether the declared shape takes tensors of these sizes.</summary>
    public bool Takes(params ReadOnlySpan<int> sizes)
    {
        if (Sizes.Count != sizes.Length)
        {
            return false;
        }

        for (var i = 0; i < sizes.Length; i++)
        {
            if (Sizes[i] >= 0 && sizes[i] >= 0 && Sizes[i] != sizes[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>For messages, for example "images [1, 3, 416, 416]".</summary>
    public override string ToString() => $"{Name} [{string.Join(", ", Sizes)}]";
}

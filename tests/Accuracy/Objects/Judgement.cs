namespace ForegSyte.Accuracy.Objects;

/// <summary>What became of a found object.</summary>
internal enum Judgement
{
    /// <summary>It is a labelled object that nothing more confident took.</summary>
    Right,

    /// <summary>No labelled object is there, or another one took it.</summary>
    Wrong,

    /// <summary>It lies on something that counts neither way.</summary>
    Ignored,
}

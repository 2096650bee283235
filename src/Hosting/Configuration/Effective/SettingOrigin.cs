namespace ForegSyte.Hosting.Configuration.Effective;

/// <summary>Where the value of a setting comes from.</summary>
/// <param name="Source">One of "default", "file", "environment" and "command line".</param>
/// <param name="Place">The path of the file or the name of the variable; empty for the others.</param>
internal sealed record SettingOrigin(string Source, string Place = "")
{
    /// <summary>Nobody set it.</summary>
    public static readonly SettingOrigin Default = new("default");

    /// <inheritdoc />
    public override string ToString() => Place.Length == 0 ? Source : $"{Source} {Place}";
}

namespace ForegSyte.Hosting.Configuration.Effective;

/// <summary>A section whose options were added with AddCheckedOptions.</summary>
/// <param name="Name">Name of the section, for example "Submit".</param>
/// <param name="Read">Reads the options in force; what is wrong with them throws.</param>
internal sealed record OptionSection(string Name, Func<IServiceProvider, object> Read);

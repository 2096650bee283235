namespace ForegSyte.Hosting.Errors;

/// <summary>
/// A feature of calls whose message was read: what fails from here on is no fault of the request's form.
/// </summary>
internal sealed class HandlerReachedFeature
{
    /// <summary>The one instance; it says nothing but that it is there.</summary>
    public static readonly HandlerReachedFeature Mark = new();
}

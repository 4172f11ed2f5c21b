/** Where nacre keeps what it knows of the outputs that it put into a workspace. Never an input, and never searched: what is in it changes with every build. */
export const recordFolder = '.nacre'

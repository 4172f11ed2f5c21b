// What nacre's images have otherwise than apko's, path by path, and why. A difference that is not here fails the test, and so does one that is here and is gone.

export interface Difference {
  /** Cases by id; undefined means every case that has the path. */
  readonly cases?: readonly string[]
  readonly path: RegExp
  readonly why: string
}

const withApp = ['app', 'constraints', 'install-if', 'layers-1', 'layers-20', 'layers-3', 'no-epoch', 'paths', 'scripts', 'two-archs']

/** Owner names are never compared: nacre writes none, since they would make a layer depend on the passwd of another package. */
export const differences: readonly Difference[] = [
  { path: /^etc\/apko\.json$/, why: 'The configuration is not repeated in the image: the SBOM and the provenance say it, and it would change the top layer for nothing' },
  { path: /^usr\/lib\/apk\/db\/installed$/, why: 'Written as apk writes it (no Go lists, no empty fields, modes without a leading 0); its meaning is compared by another test' },
  { path: /^sbin$/, why: 'Homes are made for configured users only: apko makes /sbin 0700 because the packaged daemon lives there' },
  { path: /^var\/tmp$/, why: 'The sticky bit of packaged folders stays, as with apk: a world-writable folder without it is a hole' },
  { cases: withApp, path: /^(usr\/bin\/app-sg|var\/lib\/app|var\/lib\/app\/state)$/, why: 'Owners stay as packaged, as with apk and as the installed database says' },
  { path: /^etc\/passwd$/, why: 'No empty passwd is made when nobody is configured, and accounts say that nacre made them; in layers it is in the top one' },
  { cases: ['layers-20'], path: /^etc\/shadow$/, why: 'An edited file goes into the top layer, so that a package layer is a function of its packages' },
  { cases: ['layers-1', 'layers-20', 'layers-3', 'layers-replace'], path: /^(etc\/apk|etc\/apk\/keys|usr\/lib\/apk\/exec|var\/log)$/, why: 'A package layer holds no empty folders: apko drops them too, but for those that its walk meets at the wrong moment' },
  { cases: ['paths'], path: /^data\/deep$/, why: 'New parents are 0755: the mode of the folder that is asked for may well keep everybody out' },
  { cases: ['paths'], path: /^usr\/bin\/(app|app-hard|app2)$/, why: 'A hard link is one, and the permissions of a symbolic link do not go to its target' },
  { cases: ['service-bundle'], path: /^sv(\/one|\/two)?$/, why: 'Folders of services are 0755, not world-writable' },
  { cases: ['service-bundle', 'args'], path: /^etc\/apk\/world$/, why: 'Each package stands in the world once, with its version' },
  { cases: ['scripts'], path: /^usr\/lib\/apk\/db\/scripts\.tar$/, why: 'Names hold the checksum as X1 and hex, as newer apk writes it: base64 can hold a slash. Times are the package\'s' },
  { cases: ['ld-cache'], path: /^etc\/ld\.so\.cache$/, why: 'apko leaves out libraries of which only the link bears the soname; nacre lists what ldconfig lists' },
]

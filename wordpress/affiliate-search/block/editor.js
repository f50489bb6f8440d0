// The block "Stock pictures" in the editor: a preview with the site's pictures, and its fields.

( function ( { blockEditor, blocks, components, data, element, i18n, serverSideRender } ) {
	const { __ } = i18n;
	const el = element.createElement;
	const { PanelBody, SelectControl, TextControl } = components;

	const KINDS = [
		[ '', __( 'As in the settings', 'affiliate-search' ) ],
		[ 'strip', __( 'Strip of pictures', 'affiliate-search' ) ],
		[ 'grid', __( 'Grid of pictures', 'affiliate-search' ) ],
		[ 'search', __( 'Search box with pictures', 'affiliate-search' ) ],
		[ 'image', __( 'Single picture', 'affiliate-search' ) ],
	];
	const ROWS = [
		[ '', __( 'As in the settings', 'affiliate-search' ) ],
		...[ '1', '2', '3', '4', '5', '6' ].map( ( rows ) => [ rows, rows ] ),
	];
	const TYPES = [
		[ '', __( 'All', 'affiliate-search' ) ],
		[ 'photo', __( 'Photos', 'affiliate-search' ) ],
		[ 'illustration', __( 'Illustrations', 'affiliate-search' ) ],
		[ 'vector', __( 'Vectors', 'affiliate-search' ) ],
	];
	const ORIENTATIONS = [
		[ '', __( 'All', 'affiliate-search' ) ],
		[ 'horizontal', __( 'Horizontal', 'affiliate-search' ) ],
		[ 'vertical', __( 'Vertical', 'affiliate-search' ) ],
		[ 'square', __( 'Square', 'affiliate-search' ) ],
	];
	const THEMES = [
		[ '', __( 'As in the settings', 'affiliate-search' ) ],
		[ 'auto', __( 'As the reader’s device', 'affiliate-search' ) ],
		[ 'light', __( 'Light', 'affiliate-search' ) ],
		[ 'dark', __( 'Dark', 'affiliate-search' ) ],
	];

	function Edit( { attributes, setAttributes } ) {
		// Outside of posts, as in widgets, there is no title.
		const title = data.useSelect( ( select ) => {
			const post = select( 'core/editor' );
			return post && post.getEditedPostAttribute( 'title' ) || '';
		}, [] );
		const field = ( name, label, more ) => ( {
			label,
			value: attributes[ name ],
			onChange: ( value ) => setAttributes( { [ name ]: value } ),
			...more,
		} );
		const text = ( name, label, help ) => el( TextControl, field( name, label, { help } ) );
		const choice = ( name, label, choices ) => el( SelectControl, field( name, label, {
			options: choices.map( ( [ value, shown ] ) => ( { value, label: shown } ) ),
		} ) );
		return el( 'div', blockEditor.useBlockProps(),
			el( blockEditor.InspectorControls, null,
				el( PanelBody, { title: __( 'Search', 'affiliate-search' ) },
					text( 'q', __( 'Words', 'affiliate-search' ), __( 'Empty: words of the post’s title; in a search box none.', 'affiliate-search' ) ),
					text( 'ids', __( 'Pictures', 'affiliate-search' ), __( 'Picked by hand, such as shutterstock:123, in place of a search.', 'affiliate-search' ) ),
					text( 'fallback', __( 'When nothing is found', 'affiliate-search' ), __( 'Other words to search for.', 'affiliate-search' ) ),
					choice( 'type', __( 'Type', 'affiliate-search' ), TYPES ),
					choice( 'orientation', __( 'Orientation', 'affiliate-search' ), ORIENTATIONS ),
					text( 'color', __( 'Color', 'affiliate-search' ), __( 'Six hexadecimal digits, or grayscale.', 'affiliate-search' ) ),
					text( 'agency', __( 'Agency', 'affiliate-search' ) ),
				),
				el( PanelBody, { title: __( 'Look', 'affiliate-search' ) },
					choice( 'kind', __( 'Shown as', 'affiliate-search' ), KINDS ),
					choice( 'rows', __( 'Rows', 'affiliate-search' ), ROWS ),
					choice( 'theme', __( 'Colors', 'affiliate-search' ), THEMES ),
					text( 'lang', __( 'Language', 'affiliate-search' ), __( 'A code, such as de.', 'affiliate-search' ) ),
				),
			),
			el( components.Disabled, null,
				el( serverSideRender, {
					block: 'affiliate-search/pictures',
					attributes: { ...attributes, title: attributes.q ? '' : title },
				} ),
			),
		);
	}

	const NAMED = [ 'q', 'ids', 'collection', 'fallback', 'kind', 'rows', 'agency', 'media', 'type', 'orientation', 'color', 'people', 'age', 'gender', 'ethnicity', 'category', 'contributor', 'license', 'released', 'safe', 'sort', 'lang', 'exclude', 'duration', 'resolution', 'aspect', 'fps', 'theme', 'accent', 'site', 'limit', 'consent', 'credit', 'align', 'target' ];

	blocks.registerBlockType( 'affiliate-search/pictures', {
		edit: Edit,
		save: () => null,
		transforms: {
			from: [ {
				type: 'shortcode',
				tag: 'affiliate_search',
				// Shortcodes that PHP alone reads (words without a name, aliases) stay shortcodes.
				isMatch: ( { named, numeric } ) => ! numeric.length && Object.keys( named ).every( ( name ) => NAMED.includes( name ) ),
				attributes: Object.fromEntries(
					NAMED.map( ( name ) => [ name, { type: 'string', shortcode: ( { named } ) => named[ name ] || '' } ] ),
				),
			} ],
		},
	} );
}( window.wp ) );
